// gin with its own binding (encoding/json and the validator), one processor (GOMAXPROCS=1 in the environment).
//
//	gin PORT
package main

import (
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

type customer struct {
	Name  string  `json:"name" binding:"min=1,max=80"`
	Email string  `json:"email" binding:"min=3,max=254"`
	Phone *string `json:"phone,omitempty" binding:"omitempty,max=40"`
}

type item struct {
	Sku            string `json:"sku" binding:"min=1,max=40"`
	Name           string `json:"name" binding:"min=1,max=80"`
	Quantity       int32  `json:"quantity" binding:"min=1,max=1000"`
	UnitPriceCents int64  `json:"unit_price_cents" binding:"min=0,max=100000000"`
}

type shipping struct {
	Street     string `json:"street" binding:"min=1,max=120"`
	City       string `json:"city" binding:"min=1,max=80"`
	PostalCode string `json:"postal_code" binding:"min=1,max=16"`
	Country    string `json:"country" binding:"len=2"`
}

type order struct {
	ID       string   `json:"id" binding:"len=36"`
	Customer customer `json:"customer"`
	Items    []item   `json:"items" binding:"min=1,max=50,dive"`
	Shipping shipping `json:"shipping"`
	Discount float64  `json:"discount" binding:"min=0,max=1"`
	Gift     bool     `json:"gift"`
	Note     *string  `json:"note,omitempty" binding:"omitempty,max=500"`
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/plaintext", func(c *gin.Context) { c.String(http.StatusOK, "Hello, World!") })
	router.POST("/orders", func(c *gin.Context) {
		var received order
		if err := c.ShouldBindJSON(&received); err != nil {
			c.String(http.StatusUnprocessableEntity, err.Error())
			return
		}
		c.JSON(http.StatusOK, received)
	})
	if err := router.Run("127.0.0.1:" + os.Args[1]); err != nil {
		os.Exit(1)
	}
}
